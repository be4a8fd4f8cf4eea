import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('assessments', '0004_item_types'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ItemReview',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('asked_at', models.DateTimeField()),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('outcome', models.CharField(blank=True, choices=[('live', 'Approved'), ('pilot', 'Approved for trial'), ('returned', 'Sent back')], max_length=10)),
                ('note', models.TextField(blank=True)),
                ('asked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reviews', to='assessments.itemversion')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('decided_at', None)), fields=('version',), name='assessments_one_open_review'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at', None), ('decided_by', None), ('outcome', '')), models.Q(('decided_at__isnull', False), ('decided_by__isnull', False), models.Q(('outcome', ''), _negated=True)), _connector='OR'), name='assessments_review_decided'), models.CheckConstraint(condition=models.Q(('decided_by', None), models.Q(('decided_by', models.F('asked_by')), _negated=True), _connector='OR'), name='assessments_reviewed_by_another')],
            },
        ),
        migrations.AddField(
            model_name='itemversion',
            name='approved_at',
            field=models.DateTimeField(blank=True, help_text='From then on it may be shown', null=True),
        ),
        migrations.AddField(
            model_name='itemversion',
            name='approved_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='itemversion',
            name='is_pilot',
            field=models.BooleanField(db_default=False, default=False, help_text='On trial: shown, and not scored'),
        ),
        migrations.AddField(
            model_name='itemversion',
            name='review_asked_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name='itemversion',
            constraint=models.CheckConstraint(condition=models.Q(('approved_at__isnull', False), models.Q(('approved_by', None), ('is_pilot', False)), _connector='OR'), name='assessments_approved_when_by'),
        ),
        migrations.AddConstraint(
            model_name='itemversion',
            constraint=models.CheckConstraint(condition=models.Q(('approved_by', None), ('created_by', None), models.Q(('approved_by', models.F('created_by')), _negated=True), _connector='OR'), name='assessments_approved_by_another'),
        ),
    ]
