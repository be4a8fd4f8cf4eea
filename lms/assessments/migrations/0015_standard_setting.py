import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('assessments', '0014_regrades'),
    ]

    operations = [
        migrations.CreateModel(
            name='StandardSetting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('held_on', models.DateField()),
                ('definition', models.TextField(help_text='What a just competent candidate can do: what the panel agreed on')),
                ('recorded_at', models.DateTimeField()),
                ('cut_score', models.DecimalField(blank=True, decimal_places=2, max_digits=5, null=True)),
                ('adopted_at', models.DateTimeField(blank=True, null=True)),
                ('reason', models.CharField(blank=True, help_text="Why the cut differs from the panel's, if it does", max_length=300)),
                ('adopted_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('assessment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='standard_settings', to='assessments.assessment')),
                ('recorded_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='AngoffRating',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('judge', models.CharField(max_length=150)),
                ('round', models.PositiveSmallIntegerField()),
                ('percent', models.DecimalField(decimal_places=2, max_digits=5)),
                ('item_version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assessments.itemversion')),
                ('setting', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='ratings', to='assessments.standardsetting')),
            ],
        ),
        migrations.AddConstraint(
            model_name='standardsetting',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('adopted_at', None), ('adopted_by', None), ('cut_score', None)), models.Q(('adopted_at__isnull', False), ('adopted_by__isnull', False), ('cut_score__isnull', False)), _connector='OR'), name='assessments_standard_adopted_by'),
        ),
        migrations.AddConstraint(
            model_name='angoffrating',
            constraint=models.UniqueConstraint(fields=('setting', 'judge', 'round', 'item_version'), name='assessments_rating_once'),
        ),
        migrations.AddConstraint(
            model_name='angoffrating',
            constraint=models.CheckConstraint(condition=models.Q(('percent__gte', 0), ('percent__lte', 100)), name='assessments_rating_percent'),
        ),
        migrations.AddConstraint(
            model_name='angoffrating',
            constraint=models.CheckConstraint(condition=models.Q(('round__gte', 1)), name='assessments_rating_round'),
        ),
    ]
