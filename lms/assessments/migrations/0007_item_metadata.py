import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('assessments', '0006_existing_versions_live'),
    ]

    operations = [
        migrations.CreateModel(
            name='ItemLesson',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('iri', models.URLField(max_length=500)),
                ('title', models.CharField(max_length=200)),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lessons', to='assessments.item')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('item', 'iri'), name='assessments_item_lesson_once')],
            },
        ),
        migrations.CreateModel(
            name='ItemTag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=50, unique=True)),
            ],
        ),
        migrations.AddField(
            model_name='item',
            name='enemies',
            field=models.ManyToManyField(blank=True, help_text='Never in one form with this item', to='assessments.item'),
        ),
        migrations.AddField(
            model_name='item',
            name='level',
            field=models.CharField(blank=True, db_default='', choices=[('remember', 'Remember'), ('understand', 'Understand'), ('apply', 'Apply'), ('analyse', 'Analyse'), ('evaluate', 'Evaluate'), ('create', 'Create')], help_text='Cognitive level', max_length=10),
        ),
        migrations.AddField(
            model_name='item',
            name='objective',
            field=models.CharField(blank=True, db_default='', help_text='What somebody who answers it can do', max_length=300),
        ),
        migrations.AddField(
            model_name='item',
            name='tags',
            field=models.ManyToManyField(blank=True, related_name='items', to='assessments.itemtag'),
        ),
    ]
