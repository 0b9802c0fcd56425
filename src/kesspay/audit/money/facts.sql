-- One row for each body that verified: its values, as they were signed.
-- Read from the canonical bytes alone; amounts that are no DECIMAL(15,2) are null
-- here, and amount_text says what stands there.
CREATE OR REPLACE TEMP VIEW facts AS
WITH texts AS (
    SELECT source, "row", seen_at,
        decode(canonical) AS answer,
        CASE WHEN request_canonical IS NOT NULL
            THEN decode(request_canonical) END AS request
    FROM parts
    WHERE canonical IS NOT NULL
), fields AS (
    SELECT source, "row", seen_at, answer, request,
        request ->> '$.service' AS service,
        answer ->> '$.success' AS success,
        answer ->> '$.error_code' AS error_code,
        answer ->> '$.data.result_code' AS result_code,
        answer ->> '$.data.out_trade_no' AS out_trade_no,
        answer ->> '$.data.pre_transfer_id' AS pre_transfer_id,
        answer ->> '$.data.fund_transfer_id' AS fund_transfer_id,
        answer ->> '$.data.receiver_id' AS receiver_id,
        answer ->> '$.data.currency' AS currency,
        answer ->> '$.data.amount' AS amount_text,
        TRY_CAST(answer ->> '$.data.expire_in' AS BIGINT) AS expire_in,
        request ->> '$.out_trade_no' AS asked_out_trade_no,
        request ->> '$.pre_transfer_id' AS asked_pre_transfer_id,
        request ->> '$.partner_transaction_id' AS asked_transaction_id,
        request ->> '$.receiver_id' AS asked_receiver_id,
        request ->> '$.currency' AS asked_currency,
        request ->> '$.amount' AS asked_amount_text
    FROM texts
)
SELECT *,
    CASE WHEN regexp_full_match(amount_text, '-?[0-9]{1,13}([.][0-9]{1,2})?')
        THEN CAST(amount_text AS DECIMAL(15,2)) END AS amount,
    CASE WHEN regexp_full_match(asked_amount_text, '-?[0-9]{1,13}([.][0-9]{1,2})?')
        THEN CAST(asked_amount_text AS DECIMAL(15,2)) END AS asked_amount,
    CASE
        WHEN service IS NOT NULL THEN service
        WHEN result_code IS NULL AND expire_in IS NOT NULL
            THEN 'create.unified.fundTransfer'
        WHEN result_code IS NOT NULL AND pre_transfer_id IS NOT NULL
            THEN 'confirm.fundTransfer'
        WHEN result_code IS NOT NULL THEN 'query.fundTransfer'
    END AS said
FROM fields;
