from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("assets", "0004_notices")]

    operations = [
        migrations.AlterField(
            model_name="notice",
            name="reason",
            field=models.CharField(
                choices=[
                    ("review", "He keeps it, and it is to be reviewed soon"),
                    ("lapsed", "He keeps it, and its review or its last day is past"),
                    ("page", "A page of his shows it, and partners cannot have it"),
                    ("copies", "His partner has copies of it that do not hold any more"),
                    ("zones", "He keeps it, and its new file has no zones, which the one before had"),
                ],
                max_length=10,
            ),
        ),
    ]
