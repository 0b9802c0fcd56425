-- What was signed, for DuckDB: each value as a text, a number in its shortest digits.
SELECT source, place, seen_us, seen_day, md5(answer) AS answer, md5(request) AS request,
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
    answer ->> '$.data.expire_in' AS expire_text,
    request ->> '$.out_trade_no' AS asked_out_trade_no,
    request ->> '$.pre_transfer_id' AS asked_pre_transfer_id,
    request ->> '$.partner_transaction_id' AS asked_transaction_id,
    request ->> '$.receiver_id' AS asked_receiver_id,
    request ->> '$.currency' AS asked_currency,
    request ->> '$.amount' AS asked_amount_text
FROM (
    SELECT source, "row" AS place, epoch_us(seen_at) AS seen_us,
        CAST(seen_at AS DATE) AS seen_day,
        decode(canonical) AS answer,
        CASE WHEN request_canonical IS NOT NULL
            THEN decode(request_canonical) END AS request
    FROM parts WHERE canonical IS NOT NULL
) AS texts
