import django.core.validators
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('assessments', '0010_exam_settings'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ReferenceDocument',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('title', models.CharField(max_length=150)),
                ('file', models.FileField(upload_to='exam-documents/%Y/')),
                ('extension', models.CharField(max_length=4)),
                ('assessment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='documents', to='assessments.assessment')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='AccessCodeFailure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('failed_at', models.DateTimeField()),
                ('assessment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='assessments.assessment')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['person', 'assessment', 'failed_at'], name='assessments_code_failures')],
            },
        ),
        migrations.CreateModel(
            name='Accommodation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('extra_percent', models.PositiveSmallIntegerField(default=0, help_text='Percent of the time limit; the exam stays open for it', validators=[django.core.validators.MaxValueValidator(300)], verbose_name='extra time')),
                ('break_minutes', models.PositiveSmallIntegerField(default=0, help_text='Breaks that stop the clock, in all', validators=[django.core.validators.MaxValueValidator(240)])),
                ('is_large', models.BooleanField(default=False, verbose_name='larger letters')),
                ('reason', models.CharField(blank=True, help_text='Seen by those who manage exams only', max_length=300)),
                ('granted_at', models.DateTimeField(editable=False)),
                ('ended_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('assessment', models.ForeignKey(blank=True, help_text='Empty: for every exam', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='accommodations', to='assessments.assessment', verbose_name='exam')),
                ('granted_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='accommodations', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('person', 'assessment'), name='assessments_one_accommodation'), models.UniqueConstraint(condition=models.Q(('assessment', None), ('ended_at', None)), fields=('person',), name='assessments_one_general_accommodation'), models.CheckConstraint(condition=models.Q(('extra_percent__lte', 300)), name='assessments_extra_time_sane')],
            },
        ),
        migrations.CreateModel(
            name='AttemptEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('kind', models.CharField(choices=[('started', 'Started'), ('focus_lost', 'Left the page'), ('focus_back', 'Came back to the page'), ('paste', 'Pasted text'), ('copy', 'Copied from the page'), ('offline', 'Lost the connection'), ('reconnected', 'Connected again'), ('second_tab', 'Opened the exam in another tab'), ('network_changed', 'Came from another network'), ('agent_changed', 'Used another browser'), ('late_answer', 'Answer taken after the deadline'), ('break_started', 'Took a break'), ('break_ended', 'Came back from a break'), ('section_finished', 'Finished a section'), ('handed_in', 'Handed in'), ('closed', 'Handed in when the time was up')], max_length=20)),
                ('at', models.DateTimeField(help_text="By the server's clock, when it was told")),
                ('detail', models.JSONField(blank=True, default=dict)),
                ('signature', models.CharField(max_length=64)),
                ('attempt', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='assessments.attempt')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('attempt', 'number'), name='assessments_event_number_once')],
            },
        ),
        migrations.CreateModel(
            name='PreparedForm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('drawn', models.JSONField(help_text='A list of {version, section, is_pilot, shown}')),
                ('made_at', models.DateTimeField()),
                ('taken_at', models.DateTimeField(blank=True, null=True)),
                ('assessment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='prepared', to='assessments.assessment')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('taken_at', None)), fields=['assessment'], name='assessments_prepared_forms')],
            },
        ),
    ]
