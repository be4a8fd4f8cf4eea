"""Rules keep the text they were written as and why; a move keeps the facts by which its clause was found."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("deals", "0009_joint_plans")]

    operations = [
        migrations.AddField(
            model_name="dealmove",
            name="facts",
            field=models.JSONField(
                blank=True,
                help_text="What the clause was found by (engagement.Facts); null where no table ruled",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="engagementrules",
            name="text",
            field=models.TextField(
                blank=True, db_default="", help_text="As it was written, with comments; empty if unknown"
            ),
        ),
        migrations.AddField(
            model_name="engagementrules",
            name="why",
            field=models.CharField(blank=True, db_default="", help_text="For partners too", max_length=1000),
        ),
    ]
