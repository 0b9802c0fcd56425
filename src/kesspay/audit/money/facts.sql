-- One row for each body that verified: its values, as they were signed.
-- Over ``fields``, which facts_duckdb.sql and facts_spark.sql read from the canonical
-- bytes alone. An amount that is no DECIMAL(15,2) is null here, and amount_text says what
-- stands there; answer and request are digests.
SELECT *,
    CASE WHEN amount_text <> '' AND amount_text
            = regexp_extract(amount_text, '^-?[0-9]{1,13}([.][0-9]{1,2})?$', 0)
        THEN CAST(amount_text AS DECIMAL(15,2)) END AS amount,
    CASE WHEN asked_amount_text <> '' AND asked_amount_text
            = regexp_extract(asked_amount_text, '^-?[0-9]{1,13}([.][0-9]{1,2})?$', 0)
        THEN CAST(asked_amount_text AS DECIMAL(15,2)) END AS asked_amount,
    CASE WHEN expire_text <> '' AND expire_text
            = regexp_extract(expire_text, '^[0-9]{1,9}$', 0)
        THEN CAST(expire_text AS BIGINT) END AS expire_in,
    CASE
        WHEN service IS NOT NULL THEN service
        WHEN result_code IS NULL AND expire_text IS NOT NULL
            THEN 'create.unified.fundTransfer'
        WHEN result_code IS NOT NULL AND pre_transfer_id IS NOT NULL
            THEN 'confirm.fundTransfer'
        WHEN result_code IS NOT NULL THEN 'query.fundTransfer'
    END AS said
FROM fields
