-- What was signed, for DuckDB: each value as a text, a number in its shortest digits. All
-- values of a document are read in one pass, which saves a third of the time.
SELECT source, place, seen_us, seen_day, md5(answer) AS answer, md5(request) AS request,
    asked[1] AS service,
    said[1] AS success,
    said[2] AS error_code,
    said[3] AS result_code,
    said[4] AS out_trade_no,
    said[5] AS pre_transfer_id,
    said[6] AS fund_transfer_id,
    said[7] AS receiver_id,
    said[8] AS currency,
    said[9] AS amount_text,
    said[10] AS expire_text,
    asked[2] AS asked_out_trade_no,
    asked[3] AS asked_pre_transfer_id,
    asked[4] AS asked_transaction_id,
    asked[5] AS asked_receiver_id,
    asked[6] AS asked_currency,
    asked[7] AS asked_amount_text
FROM (
    SELECT *,
        json_extract_string(answer, ['$.success', '$.error_code', '$.data.result_code',
            '$.data.out_trade_no', '$.data.pre_transfer_id', '$.data.fund_transfer_id',
            '$.data.receiver_id', '$.data.currency', '$.data.amount',
            '$.data.expire_in']) AS said,
        json_extract_string(request, ['$.service', '$.out_trade_no',
            '$.pre_transfer_id', '$.partner_transaction_id', '$.receiver_id',
            '$.currency', '$.amount']) AS asked
    FROM (
        SELECT source, "row" AS place, epoch_us(seen_at) AS seen_us,
            CAST(seen_at AS DATE) AS seen_day,
            decode(canonical) AS answer,
            CASE WHEN request_canonical IS NOT NULL
                THEN decode(request_canonical) END AS request
        FROM parts WHERE canonical IS NOT NULL
    ) AS texts
) AS documents
