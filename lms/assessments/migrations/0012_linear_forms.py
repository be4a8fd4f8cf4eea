import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('assessments', '0011_around_attempts'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Form',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField()),
                ('difficulty', models.FloatField()),
                ('made_at', models.DateTimeField()),
                ('used_from', models.DateTimeField(blank=True, null=True)),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='FormItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField()),
            ],
        ),
        migrations.AddField(
            model_name='assessment',
            name='max_overlap',
            field=models.PositiveSmallIntegerField(blank=True, help_text='Percent of the items that a person may get again in a later attempt; empty: any', null=True),
        ),
        migrations.AddField(
            model_name='attempt',
            name='minimums',
            field=models.JSONField(db_default={}, default=dict, help_text='Percent that each section needs, by its title, as text'),
        ),
        migrations.AddField(
            model_name='section',
            name='level',
            field=models.CharField(blank=True, choices=[('remember', 'Remember'), ('understand', 'Understand'), ('apply', 'Apply'), ('analyse', 'Analyse'), ('evaluate', 'Evaluate'), ('create', 'Create')], db_default='', help_text='Empty: any', max_length=10),
        ),
        migrations.AddField(
            model_name='section',
            name='max_exposure',
            field=models.PositiveSmallIntegerField(blank=True, help_text='Percent of the attempts that may show one item; others are drawn first', null=True),
        ),
        migrations.AddField(
            model_name='section',
            name='minimum',
            field=models.DecimalField(blank=True, decimal_places=2, help_text="Percent of the section's points needed to pass", max_digits=5, null=True),
        ),
        migrations.AddField(
            model_name='section',
            name='objective',
            field=models.CharField(blank=True, db_default='', help_text='Empty: any', max_length=300),
        ),
        migrations.AddField(
            model_name='section',
            name='points',
            field=models.DecimalField(db_default=1, decimal_places=4, default=1, help_text="For each item: the section's weight", max_digits=6),
        ),
        migrations.AddConstraint(
            model_name='section',
            constraint=models.CheckConstraint(condition=models.Q(('points__gt', 0), ('points__lte', 99)), name='assessments_section_points'),
        ),
        migrations.AddConstraint(
            model_name='section',
            constraint=models.CheckConstraint(condition=models.Q(('minimum', None), models.Q(('minimum__gt', 0), ('minimum__lte', 100)), _connector='OR'), name='assessments_section_minimum'),
        ),
        migrations.AddConstraint(
            model_name='section',
            constraint=models.CheckConstraint(condition=models.Q(('max_exposure', None), models.Q(('max_exposure__gte', 1), ('max_exposure__lte', 100)), _connector='OR'), name='assessments_section_exposure'),
        ),
        migrations.AddField(
            model_name='form',
            name='assessment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='forms', to='assessments.assessment'),
        ),
        migrations.AddField(
            model_name='form',
            name='made_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='attempt',
            name='form',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='attempts', to='assessments.form'),
        ),
        migrations.AddField(
            model_name='preparedform',
            name='form',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='prepared', to='assessments.form'),
        ),
        migrations.AlterField(
            model_name='preparedform',
            name='drawn',
            field=models.JSONField(help_text='A list of {version, section, max_points, is_pilot, shown}'),
        ),
        migrations.AddField(
            model_name='formitem',
            name='form',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='items', to='assessments.form'),
        ),
        migrations.AddField(
            model_name='formitem',
            name='item',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assessments.item'),
        ),
        migrations.AddField(
            model_name='formitem',
            name='section',
            field=models.ForeignKey(help_text='Empty: it is gone, and the form withdrawn', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='assessments.section'),
        ),
        migrations.AddConstraint(
            model_name='form',
            constraint=models.UniqueConstraint(fields=('assessment', 'number'), name='assessments_form_number_once'),
        ),
        migrations.AddConstraint(
            model_name='form',
            constraint=models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='assessments_form_number_positive'),
        ),
        migrations.AddConstraint(
            model_name='formitem',
            constraint=models.UniqueConstraint(fields=('form', 'position'), name='assessments_form_position_once'),
        ),
        migrations.AddConstraint(
            model_name='formitem',
            constraint=models.UniqueConstraint(fields=('form', 'item'), name='assessments_form_item_once'),
        ),
    ]
