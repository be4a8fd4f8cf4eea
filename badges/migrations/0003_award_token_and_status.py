from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('badges', '0002_achievement_details'),
    ]

    operations = [
        migrations.AddField(
            model_name='award',
            name='jwt',
            field=models.TextField(blank=True, db_default='', help_text='The same as VC-JWT'),
        ),
        migrations.AddField(
            model_name='award',
            name='status_index',
            field=models.PositiveIntegerField(blank=True, help_text='Place in the status lists, drawn at random; null: issued before', null=True, unique=True),
        ),
    ]
