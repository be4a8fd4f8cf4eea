import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('xapi', '0004_documents'),
    ]

    operations = [
        migrations.CreateModel(
            name='Attachment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha2', models.CharField(max_length=128, unique=True)),
                ('size', models.PositiveBigIntegerField()),
                ('file', models.FileField(max_length=255, upload_to='')),
                ('stored_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='StatementAttachment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('attachment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='uses', to='xapi.attachment')),
                ('statement', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attached', to='xapi.statement')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('statement', 'attachment'), name='xapi_attached_once')],
            },
        ),
    ]
