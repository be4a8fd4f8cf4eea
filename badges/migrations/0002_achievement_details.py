import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('badges', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='BadgeImage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(help_text='SHA-256 of the PNG, in hexadecimal', max_length=64, unique=True)),
                ('design', models.JSONField(blank=True, null=True)),
                ('svg', models.TextField(blank=True)),
                ('png', models.BinaryField()),
            ],
        ),
        migrations.AddField(
            model_name='achievement',
            name='alignments',
            field=models.JSONField(blank=True, db_default=models.Value([], output_field=models.JSONField()), default=list, help_text='Frameworks: name, url, framework, code'),
        ),
        migrations.AddField(
            model_name='achievement',
            name='related',
            field=models.ManyToManyField(blank=True, related_name='related_from', to='badges.achievement'),
        ),
        migrations.AddField(
            model_name='achievement',
            name='tags',
            field=models.JSONField(blank=True, db_default=models.Value([], output_field=models.JSONField()), default=list, help_text='Words, in order'),
        ),
        migrations.AddField(
            model_name='achievement',
            name='type',
            field=models.CharField(choices=[('Certification', 'Certification'), ('Badge', 'Badge'), ('LearningProgram', 'Learning programme'), ('Course', 'Course'), ('Competency', 'Competency')], db_default='Certification', default='Certification', max_length=20),
        ),
        migrations.AddField(
            model_name='achievement',
            name='version',
            field=models.PositiveIntegerField(db_default=1, default=1),
        ),
        migrations.AddField(
            model_name='achievement',
            name='image',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='badges.badgeimage'),
        ),
    ]
