-- A row for each signal in the place of one for each of its six bands: half the work of storing them.

ALTER TABLE signal_bands RENAME TO single_bands;
ALTER TABLE single_bands RENAME CONSTRAINT signal_bands_pkey TO single_bands_pkey;

CREATE TABLE signal_bands (
    seq bigint NOT NULL,
    b1 bigint NOT NULL,
    b2 bigint NOT NULL,
    b3 bigint NOT NULL,
    b4 bigint NOT NULL,
    b5 bigint NOT NULL,
    b6 bigint NOT NULL
);

-- Which of the six a band was is not known any more. No two of the six are ever equal by anything but chance,
-- so it may stand for each.
INSERT INTO signal_bands (seq, b1, b2, b3, b4, b5, b6)
SELECT seq, band, band, band, band, band, band FROM single_bands;

DROP TABLE single_bands;

CREATE INDEX signal_bands_b1_idx ON signal_bands (b1, seq);
CREATE INDEX signal_bands_b2_idx ON signal_bands (b2, seq);
CREATE INDEX signal_bands_b3_idx ON signal_bands (b3, seq);
CREATE INDEX signal_bands_b4_idx ON signal_bands (b4, seq);
CREATE INDEX signal_bands_b5_idx ON signal_bands (b5, seq);
CREATE INDEX signal_bands_b6_idx ON signal_bands (b6, seq);
