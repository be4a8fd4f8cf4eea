from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('xapi', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='credential',
            name='registration',
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='credential',
            name='activity_id',
            field=models.TextField(blank=True, help_text='IRI of the activity launched', null=True),
        ),
        migrations.AddIndex(
            model_name='credential',
            index=models.Index(condition=models.Q(('registration__isnull', False)), fields=['registration'], name='xapi_credential_of_launch'),
        ),
    ]
