from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('assessments', '0003_canonical_digests'),
    ]

    operations = [
        migrations.AlterField(
            model_name='itemversion',
            name='type',
            field=models.CharField(choices=[('choice', 'Single choice'), ('choices', 'Multiple choice'), ('true_false', 'True or false'), ('matching', 'Matching'), ('ordering', 'Ordering'), ('numeric', 'Numeric'), ('short_answer', 'Short answer'), ('cloze', 'Text with gaps'), ('hotspot', 'Region of an image'), ('hotspots', 'Regions of an image')], max_length=20),
        ),
    ]
