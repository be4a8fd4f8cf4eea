import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('xapi', '0005_attachments'),
    ]

    operations = [
        migrations.CreateModel(
            name='Activity',
            fields=[
                ('key', models.UUIDField(primary_key=True, serialize=False)),
                ('activity_id', models.TextField()),
                ('definition', models.TextField()),
                ('updated_at', models.DateTimeField()),
                ('authority', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='xapi.authority')),
            ],
            options={
                'verbose_name_plural': 'activities',
            },
        ),
    ]
