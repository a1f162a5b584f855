-- A receipt without an answer is a claim: its message is being taken in since ``received_at``.
ALTER TABLE push_receipts ALTER COLUMN answer DROP NOT NULL;
