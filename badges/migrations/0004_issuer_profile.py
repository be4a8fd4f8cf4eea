from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('badges', '0003_award_token_and_status'),
    ]

    operations = [
        migrations.CreateModel(
            name='IssuerProfile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=150)),
                ('description', models.TextField(blank=True)),
                ('url', models.URLField(blank=True, help_text='Empty: this site')),
                ('email', models.EmailField(blank=True, help_text="The organisation's, for questions about badges; public", max_length=254)),
            ],
        ),
        migrations.AddConstraint(
            model_name='issuerprofile',
            constraint=models.CheckConstraint(condition=models.Q(('pk', 1)), name='badges_issuer_profile_is_one'),
        ),
    ]
