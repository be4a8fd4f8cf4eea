import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('badges', '0004_issuer_profile'),
        ('certifications', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Pathway',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('needed', models.PositiveSmallIntegerField(help_text='How many of the badges; as many as there are: all')),
                ('retired_at', models.DateTimeField(blank=True, null=True)),
                ('achievement', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='pathway', to='badges.achievement')),
            ],
        ),
        migrations.AddField(
            model_name='award',
            name='holder_name',
            field=models.CharField(blank=True, db_default='', help_text='At the award; of a pathway', max_length=150),
        ),
        migrations.AddField(
            model_name='award',
            name='members',
            field=models.ManyToManyField(blank=True, related_name='counted_in', to='badges.achievement'),
        ),
        migrations.AddField(
            model_name='award',
            name='needed',
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='award',
            name='person',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='pathway_awards', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='achievement',
            name='certification',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='achievement', to='certifications.certification'),
        ),
        migrations.AlterField(
            model_name='award',
            name='credential',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='award', to='certifications.credential'),
        ),
        migrations.AddConstraint(
            model_name='award',
            constraint=models.UniqueConstraint(condition=models.Q(('person__isnull', False)), fields=('achievement', 'person'), name='badges_pathway_award_once'),
        ),
        migrations.AddConstraint(
            model_name='award',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('credential__isnull', False), ('needed', None), ('person', None)), models.Q(('credential', None), ('needed__gte', 1), ('needed__isnull', False), ('person__isnull', False)), _connector='OR'), name='badges_award_has_one_reason'),
        ),
        migrations.AddField(
            model_name='pathway',
            name='members',
            field=models.ManyToManyField(related_name='pathways', to='badges.achievement'),
        ),
        migrations.AddConstraint(
            model_name='pathway',
            constraint=models.CheckConstraint(condition=models.Q(('needed__gte', 1)), name='badges_pathway_needs_something'),
        ),
    ]
