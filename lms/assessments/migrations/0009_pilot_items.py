import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('assessments', '0008_case_studies'),
    ]

    operations = [
        migrations.AddField(
            model_name='response',
            name='is_pilot',
            field=models.BooleanField(db_default=False, default=False, help_text='On trial: its points do not count'),
        ),
        migrations.AddField(
            model_name='section',
            name='pilots',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, help_text='How many items on trial are mixed in, unscored'),
        ),
        migrations.AlterField(
            model_name='section',
            name='bank',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='drawn_by', to='assessments.itembank'),
        ),
    ]
