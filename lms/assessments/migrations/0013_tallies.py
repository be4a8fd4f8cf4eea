import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('assessments', '0012_linear_forms'),
    ]

    operations = [
        migrations.CreateModel(
            name='CountedAttempt',
            fields=[
                ('attempt', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='counted', serialize=False, to='assessments.attempt')),
                ('counted_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Calibration',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('calibrated_at', models.DateTimeField()),
                ('attempts', models.PositiveIntegerField()),
                ('spread', models.FloatField(help_text='Standard deviation of the abilities, in logits')),
                ('log_likelihood', models.FloatField()),
                ('assessment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='calibrations', to='assessments.assessment')),
            ],
        ),
        migrations.CreateModel(
            name='ExamTally',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('form', models.PositiveSmallIntegerField(db_default=0, default=0)),
                ('month', models.DateField()),
                ('is_first', models.BooleanField()),
                ('n', models.PositiveIntegerField(help_text='As in the sums: for queries')),
                ('sums', models.JSONField()),
                ('assessment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tallies', to='assessments.assessment')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('assessment', 'form', 'month', 'is_first'), name='assessments_exam_tally_once')],
            },
        ),
        migrations.CreateModel(
            name='ItemDifficulty',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('value', models.FloatField()),
                ('error', models.FloatField(help_text='Standard error')),
                ('n', models.PositiveIntegerField(help_text='Answers it rests on')),
                ('calibration', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='difficulties', to='assessments.calibration')),
                ('item_version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='difficulties', to='assessments.itemversion')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('calibration', 'item_version'), name='assessments_item_difficulty_once')],
            },
        ),
        migrations.CreateModel(
            name='ItemFlag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('negative', 'Negative'), ('key_suspect', 'Key suspect'), ('weak', 'Weak'), ('dead', 'Dead'), ('too_hard', 'Too hard'), ('too_easy', 'Too easy'), ('omitted', 'Omitted'), ('drift', 'Drift'), ('exposed', 'Exposed')], max_length=20)),
                ('is_urgent', models.BooleanField()),
                ('note', models.TextField()),
                ('raised_at', models.DateTimeField()),
                ('gone_at', models.DateTimeField(blank=True, null=True)),
                ('settled_at', models.DateTimeField(blank=True, null=True)),
                ('settlement', models.CharField(blank=True, help_text='What was done, or why nothing', max_length=300)),
                ('assessment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='flags', to='assessments.assessment')),
                ('item_version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='flags', to='assessments.itemversion')),
                ('settled_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('assessment', 'item_version', 'kind'), name='assessments_item_flag_once'), models.CheckConstraint(condition=models.Q(models.Q(('settled_at', None), ('settled_by', None), ('settlement', '')), models.Q(('settled_at__isnull', False), ('settled_by__isnull', False), models.Q(('settlement', ''), _negated=True)), _connector='OR'), name='assessments_flag_settled_by')],
            },
        ),
        migrations.CreateModel(
            name='ItemTally',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('form', models.PositiveSmallIntegerField(db_default=0, default=0)),
                ('month', models.DateField()),
                ('is_first', models.BooleanField()),
                ('n', models.PositiveIntegerField(help_text='As in the sums: for queries')),
                ('sums', models.JSONField()),
                ('is_pilot', models.BooleanField()),
                ('assessment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='item_tallies', to='assessments.assessment')),
                ('item_version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tallies', to='assessments.itemversion')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('assessment', 'item_version', 'form', 'month', 'is_first', 'is_pilot'), name='assessments_item_tally_once')],
            },
        ),
    ]
