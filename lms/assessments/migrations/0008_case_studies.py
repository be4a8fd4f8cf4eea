import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('assessments', '0007_item_metadata'),
    ]

    operations = [
        migrations.CreateModel(
            name='CaseStudy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('title', models.CharField(max_length=150)),
                ('bank', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cases', to='assessments.itembank')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('bank', 'title'), name='assessments_case_title_once')],
                'verbose_name_plural': 'case studies',
            },
        ),
        migrations.AddField(
            model_name='item',
            name='case',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='items', to='assessments.casestudy'),
        ),
    ]
