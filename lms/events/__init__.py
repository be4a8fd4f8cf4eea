"""The transactional outbox: emit inside the transaction, deliver at least once, sweep what was missed."""
