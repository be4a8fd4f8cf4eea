import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('assessments', '0013_tallies'),
    ]

    operations = [
        migrations.AddField(
            model_name='response',
            name='is_dropped',
            field=models.BooleanField(db_default=False, default=False, help_text='Its points do not count any more'),
        ),
        migrations.CreateModel(
            name='Regrade',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('action', models.CharField(choices=[('rekey', 'Score it by the key of another version'), ('drop', 'Drop it: it counts for nobody'), ('credit', 'Give everybody full points')], max_length=10)),
                ('reason', models.CharField(max_length=300)),
                ('ordered_at', models.DateTimeField()),
                ('total', models.PositiveIntegerField(help_text='Attempts to look at when it was ordered')),
                ('done', models.PositiveIntegerField(default=0)),
                ('last_attempt', models.PositiveBigIntegerField(default=0, help_text='How far it came: attempts go by their id')),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('assessment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='regrades', to='assessments.assessment')),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='regrades', to='assessments.item')),
                ('key_version', models.ForeignKey(blank=True, help_text='Whose key counts', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assessments.itemversion')),
                ('ordered_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddField(
            model_name='response',
            name='regrade',
            field=models.ForeignKey(blank=True, help_text='What decides its points in place of the key it was shown with', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assessments.regrade'),
        ),
        migrations.CreateModel(
            name='RegradeChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('points_before', models.DecimalField(decimal_places=4, max_digits=8)),
                ('max_points_before', models.DecimalField(decimal_places=4, max_digits=8)),
                ('passed_before', models.BooleanField()),
                ('points_after', models.DecimalField(decimal_places=4, max_digits=8)),
                ('max_points_after', models.DecimalField(decimal_places=4, max_digits=8)),
                ('passed_after', models.BooleanField()),
                ('changed_at', models.DateTimeField()),
                ('attempt', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='regrade_changes', to='assessments.attempt')),
                ('regrade', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='assessments.regrade')),
            ],
        ),
        migrations.AddConstraint(
            model_name='regrade',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('action', 'rekey'), ('key_version__isnull', False)), models.Q(models.Q(('action', 'rekey'), _negated=True), ('key_version', None)), _connector='OR'), name='assessments_rekey_has_key'),
        ),
        migrations.AddConstraint(
            model_name='regrade',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='assessments_regrade_has_reason'),
        ),
        migrations.AddConstraint(
            model_name='regrade',
            constraint=models.UniqueConstraint(condition=models.Q(('finished_at', None)), fields=('assessment',), name='assessments_one_running_regrade'),
        ),
        migrations.AddConstraint(
            model_name='regradechange',
            constraint=models.UniqueConstraint(fields=('regrade', 'attempt'), name='assessments_regraded_once'),
        ),
        migrations.AddConstraint(
            model_name='regradechange',
            constraint=models.CheckConstraint(condition=models.Q(('max_points_before', models.F('max_points_after')), ('passed_before', models.F('passed_after')), ('points_before', models.F('points_after')), _negated=True), name='assessments_regrade_changed_something'),
        ),
    ]
