-- Raised by every change of a halt, so that other hosts need not read them all to see that there was one.
ALTER TABLE safety ADD COLUMN version bigint NOT NULL DEFAULT 0;
