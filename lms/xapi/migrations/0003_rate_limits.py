import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('xapi', '0002_launch_credentials'),
    ]

    operations = [
        migrations.AddField(
            model_name='credential',
            name='rate_limit',
            field=models.PositiveIntegerField(blank=True, help_text='Requests, or statements in them, a minute; empty: any number', null=True),
        ),
        migrations.CreateModel(
            name='RateWindow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('minute', models.DateTimeField()),
                ('taken', models.PositiveIntegerField(default=0)),
                ('credential', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rate_windows', to='xapi.credential')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('credential', 'minute'), name='xapi_one_rate_window_a_minute')],
            },
        ),
    ]
