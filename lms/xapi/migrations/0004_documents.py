import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('xapi', '0003_rate_limits'),
    ]

    operations = [
        migrations.CreateModel(
            name='Document',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('state', 'Activity state'), ('activity_profile', 'Activity profile'), ('agent_profile', 'Agent profile')], max_length=20)),
                ('key', models.UUIDField(unique=True)),
                ('activity_key', models.UUIDField(null=True)),
                ('agent_key', models.UUIDField(null=True)),
                ('registration', models.UUIDField(null=True)),
                ('document_id', models.TextField()),
                ('content', models.BinaryField()),
                ('content_type', models.CharField(max_length=255)),
                ('etag', models.CharField(max_length=40)),
                ('updated_at', models.DateTimeField()),
                ('authority', models.ForeignKey(help_text='Who wrote it last', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='xapi.authority')),
            ],
            options={
                'indexes': [models.Index(fields=['agent_key', 'activity_key', 'updated_at'], name='xapi_document_by_agent'), models.Index(condition=models.Q(('kind', 'activity_profile')), fields=['activity_key', 'updated_at'], name='xapi_document_by_activity')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('activity_key__isnull', False), ('agent_key__isnull', False), ('kind', 'state')), models.Q(('activity_key__isnull', False), ('agent_key', None), ('kind', 'activity_profile'), ('registration', None)), models.Q(('activity_key', None), ('agent_key__isnull', False), ('kind', 'agent_profile'), ('registration', None)), _connector='OR'), name='xapi_document_is_addressed')],
            },
        ),
    ]
