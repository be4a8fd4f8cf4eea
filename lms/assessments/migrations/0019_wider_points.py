"""Points of one answer up to 9,999: an essay counts up to 50, times the weight of its section."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('assessments', '0018_item_imports'),
    ]

    operations = [
        migrations.AlterField(
            model_name='response',
            name='max_points',
            field=models.DecimalField(decimal_places=4, default=1, max_digits=8),
        ),
        migrations.AlterField(
            model_name='response',
            name='points',
            field=models.DecimalField(blank=True, decimal_places=4, max_digits=8, null=True),
        ),
    ]
