import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('assessments', '0009_pilot_items'),
    ]

    operations = [
        migrations.AddField(
            model_name='assessment',
            name='access_code_sealed',
            field=models.TextField(blank=True, db_default='', default='', editable=False),
        ),
        migrations.AddField(
            model_name='assessment',
            name='asks_confidence',
            field=models.BooleanField(db_default=False, default=False, help_text='Asks with each question how sure the candidate is; it does not score'),
        ),
        migrations.AddField(
            model_name='assessment',
            name='ends_at_close',
            field=models.BooleanField(db_default=False, default=False, help_text='Otherwise whoever started in time has his full time. Extra time is added in either case', verbose_name='attempts end when the exam closes'),
        ),
        migrations.AddField(
            model_name='assessment',
            name='grace_seconds',
            field=models.PositiveSmallIntegerField(db_default=60, default=60, help_text='So long after the end, answers are taken that waited for a connection in a browser; they are marked', validators=[django.core.validators.MaxValueValidator(900)]),
        ),
        migrations.AddField(
            model_name='assessment',
            name='has_calculator',
            field=models.BooleanField(db_default=False, default=False, verbose_name='calculator on the page'),
        ),
        migrations.AddField(
            model_name='assessment',
            name='honour_code',
            field=models.TextField(blank=True, db_default='', default='', help_text='What a candidate agrees to before the start; empty: nothing'),
        ),
        migrations.AddField(
            model_name='assessment',
            name='is_linear',
            field=models.BooleanField(db_default=False, default=False, help_text='Questions come one after the other; none can be opened again', verbose_name='one way only'),
        ),
        migrations.AddField(
            model_name='assessment',
            name='is_result_held',
            field=models.BooleanField(db_default=False, default=False, help_text='Nobody is told a result, and no certificate is issued, until somebody releases the results', verbose_name='results are released by hand'),
        ),
        migrations.AddField(
            model_name='assessment',
            name='later_wait_hours',
            field=models.CharField(blank=True, db_default='', default='', help_text='Hours after the second, third … attempt, as “72, 168”; the last goes on. Empty: always the same', max_length=60),
        ),
        migrations.AddField(
            model_name='assessment',
            name='networks',
            field=models.TextField(blank=True, db_default='', default='', help_text='Addresses the exam may be sat from, one a line, as 203.0.113.0/24; empty: from anywhere'),
        ),
        migrations.AddField(
            model_name='assessment',
            name='prepared_forms',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, help_text='For a large group that starts together: so many forms are drawn in the hour before the exam opens', validators=[django.core.validators.MaxValueValidator(5000)]),
        ),
        migrations.AddField(
            model_name='assessment',
            name='proctor_secret_sealed',
            field=models.TextField(blank=True, db_default='', default='', editable=False),
        ),
        migrations.AddField(
            model_name='assessment',
            name='proctor_url',
            field=models.CharField(blank=True, db_default='', default='', help_text='Address of a proctoring service, which is told of each start and end', max_length=500),
        ),
        migrations.AddField(
            model_name='assessment',
            name='results_released_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='assessment',
            name='review_shows',
            field=models.CharField(blank=True, choices=[('', 'Passed or not, and points by section'), ('answers', 'Also his answers with their points'), ('feedback', 'Also the feedback, which may give answers away')], db_default='', default='', max_length=10, verbose_name='what a result shows'),
        ),
        migrations.AddField(
            model_name='assessment',
            name='review_when',
            field=models.CharField(blank=True, choices=[('', 'With the result'), ('after_close', 'When the exam is closed for everybody')], db_default='', default='', max_length=12, verbose_name='when answers are shown'),
        ),
        migrations.AddField(
            model_name='assessment',
            name='seb_config_keys',
            field=models.TextField(blank=True, db_default='', default='', help_text='Safe Exam Browser: config keys that are let in, one a line'),
        ),
        migrations.AddField(
            model_name='assessment',
            name='seb_exam_keys',
            field=models.TextField(blank=True, db_default='', default='', help_text='Safe Exam Browser: browser exam keys that are let in, one a line'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='break_seconds_left',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='attempt',
            name='closes_at',
            field=models.DateTimeField(blank=True, help_text='Until then answers that waited for a connection are taken; empty: not beyond the deadline', null=True),
        ),
        migrations.AddField(
            model_name='attempt',
            name='held_at',
            field=models.DateTimeField(blank=True, help_text='Its result is kept back from then on', null=True),
        ),
        migrations.AddField(
            model_name='attempt',
            name='honour_agreed_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='attempt',
            name='paused_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='attempt',
            name='reached',
            field=models.PositiveSmallIntegerField(db_default=1, default=1, help_text='One way only: the question that is open'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='released_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='attempt',
            name='rules',
            field=models.JSONField(blank=True, help_text='As at the start: Rules', null=True),
        ),
        migrations.AddField(
            model_name='attempt',
            name='section_index',
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='attempt',
            name='section_started_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='attempt',
            name='seen_agent',
            field=models.CharField(blank=True, db_default='', default='', help_text='Digest of the name', max_length=16),
        ),
        migrations.AddField(
            model_name='attempt',
            name='seen_network',
            field=models.CharField(blank=True, db_default='', default='', max_length=64),
        ),
        migrations.AddField(
            model_name='response',
            name='confidence',
            field=models.CharField(blank=True, choices=[('sure', 'Sure'), ('unsure', 'Not sure'), ('guess', 'A guess')], db_default='', default='', help_text='How sure; does not score', max_length=6),
        ),
        migrations.AddField(
            model_name='response',
            name='is_late',
            field=models.BooleanField(db_default=False, default=False, help_text='Taken after the deadline, within the grace'),
        ),
        migrations.AddField(
            model_name='section',
            name='time_limit_minutes',
            field=models.PositiveSmallIntegerField(blank=True, help_text='If any section has a limit, sections come in order and none can be opened again', null=True),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.CheckConstraint(condition=models.Q(('closes_at', None), ('closes_at__gte', models.F('deadline_at')), _connector='OR'), name='assessments_grace_after_deadline'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.CheckConstraint(condition=models.Q(('released_at', None), ('held_at__isnull', False), _connector='OR'), name='assessments_released_was_held'),
        ),
    ]
