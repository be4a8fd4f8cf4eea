"""Celery: used when CELERY_BROKER_URL is set; the outbox (lms.events) stays the truth in any case."""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")

app = Celery("laurel")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Every entry is idempotent: beat may run twice, or not at all for a day.
app.conf.beat_schedule = {
    "note-closed-accounts": {"task": "lms.accounts.tasks.note_closed_accounts", "schedule": 300.0},
    "sweep-outbox": {"task": "lms.events.tasks.sweep_outbox", "schedule": 30.0},
    "close-overdue-attempts": {"task": "lms.assessments.tasks.close_overdue_attempts", "schedule": 30.0},
    "prepare-exam-forms": {"task": "lms.assessments.tasks.prepare_forms", "schedule": 30.0},
    "judge-items": {"task": "lms.assessments.tasks.judge_items", "schedule": crontab(hour=2, minute=40)},
    "publish-scheduled": {"task": "cms.tasks.publish_scheduled", "schedule": 300.0},
    "forward-statements": {"task": "lms.xapi.tasks.forward_statements", "schedule": 15.0},
    "pull-statements": {"task": "lms.xapi.tasks.pull_statements", "schedule": 60.0},
    "follow-statements": {"task": "lms.reporting.tasks.follow_statements", "schedule": 60.0},
    "send-due-reports": {"task": "lms.reporting.tasks.send_due_reports", "schedule": crontab(hour=6, minute=20)},
    "evaluate-all-tiers": {"task": "lms.tiers.tasks.evaluate_all_partners", "schedule": crontab(hour=3, minute=10)},
    "clear-connections": {"task": "badges.tasks.clear_connections", "schedule": crontab(hour=4, minute=30)},
    "remind-of-expiry": {"task": "certifications.tasks.remind_of_expiry", "schedule": crontab(hour=5, minute=40)},
    "renew-by-points": {"task": "certifications.tasks.renew_by_points", "schedule": crontab(hour=5, minute=30)},
    "expire-deals": {"task": "lms.deals.tasks.expire_deals", "schedule": crontab(minute=5)},
    "remind-of-protection": {"task": "lms.deals.tasks.remind_of_protection", "schedule": crontab(hour=5, minute=50)},
    "remind-of-reviews": {"task": "lms.deals.tasks.remind_of_reviews", "schedule": crontab(hour=6, minute=5)},
    "remind-of-stories": {"task": "lms.deals.tasks.remind_of_stories", "schedule": crontab(hour=6, minute=15)},
    "escalate-deals": {"task": "lms.deals.tasks.escalate_overdue", "schedule": 600.0},
    "note-asset-reviews": {
        "task": "lms.assets.tasks.note_asset_reviews",
        "schedule": crontab(day_of_week="mon", hour=6, minute=0),
    },
    "send-asset-letters": {"task": "lms.assets.tasks.send_asset_letters", "schedule": crontab(hour=6, minute=10)},
    "send-to-crm": {"task": "lms.deals.tasks.send_to_crm", "schedule": 15.0},
    "forget-crm-messages": {"task": "lms.deals.tasks.forget_crm_messages", "schedule": crontab(hour=4, minute=40)},
    "expire-leads": {"task": "lms.deals.tasks.expire_leads", "schedule": crontab(minute=20)},
    "expire-overlaps": {"task": "lms.deals.tasks.expire_overlaps", "schedule": crontab(hour=0, minute=10)},
    "forget-deal-imports": {"task": "lms.deals.tasks.forget_imports", "schedule": crontab(hour=4, minute=45)},
    "raise-tier-alarms": {"task": "lms.tiers.tasks.raise_tier_alarms", "schedule": crontab(hour=4, minute=10)},
}
