from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0002_vendor_roles"),
    ]

    operations = [
        migrations.CreateModel(
            name="ResetLetter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account_key", models.CharField(help_text="As in SignInFailure", max_length=64, unique=True)),
                ("sent_at", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.AddField(
            model_name="user",
            name="session_generation",
            field=models.PositiveIntegerField(default=0, help_text="Part of what a session is checked against"),
        ),
    ]
