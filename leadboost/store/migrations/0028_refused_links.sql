-- Campaigns that somebody said do not advertise a product: the link is not proposed again.
CREATE TABLE refused_links (
    platform text NOT NULL,
    campaign_id text NOT NULL,
    sku text COLLATE "C" NOT NULL,
    refused_at timestamptz NOT NULL,
    CONSTRAINT refused_links_pkey PRIMARY KEY (platform, campaign_id, sku),
    CONSTRAINT refused_links_sku_fkey FOREIGN KEY (sku) REFERENCES products (sku)
);
