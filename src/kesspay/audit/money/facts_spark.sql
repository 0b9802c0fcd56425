-- What was signed, for Spark, which reads 12345678.9 as the text 1.23456789E7. So a number
-- with a point or an exponent becomes a text of JSON, behind U+0001, and is then written
-- as DuckDB writes it: in its shortest digits, with an exponent from 1e21 and below 1e-6.
-- Where the pattern fits there is no string around: in one, a backslash stands before
-- each quotation mark.
SELECT source, place, seen_us, seen_day, md5(answer) AS answer, md5(request) AS request,
    found[1]['service'] AS service,
    said.success AS success,
    said.error_code AS error_code,
    found[0]['result_code'] AS result_code,
    found[0]['out_trade_no'] AS out_trade_no,
    found[0]['pre_transfer_id'] AS pre_transfer_id,
    found[0]['fund_transfer_id'] AS fund_transfer_id,
    found[0]['receiver_id'] AS receiver_id,
    found[0]['currency'] AS currency,
    found[0]['amount'] AS amount_text,
    found[0]['expire_in'] AS expire_text,
    found[1]['out_trade_no'] AS asked_out_trade_no,
    found[1]['pre_transfer_id'] AS asked_pre_transfer_id,
    found[1]['partner_transaction_id'] AS asked_transaction_id,
    found[1]['receiver_id'] AS asked_receiver_id,
    found[1]['currency'] AS asked_currency,
    found[1]['amount'] AS asked_amount_text
FROM (
    SELECT *, transform(array(said.data, asked), one -> transform_values(one,
        (name, value) -> CASE
            WHEN NOT startswith(value, '\u0001') THEN value
            WHEN substr(value, 2) RLIKE '^-?[0-9.]{1,16}$' THEN substr(value, 2)
            WHEN abs(CAST(substr(value, 2) AS DOUBLE)) BETWEEN 1e7D AND 9.99999e20D
                THEN regexp_replace(
                    CAST(CAST(CAST(CAST(substr(value, 2) AS DOUBLE) AS STRING)
                        AS DECIMAL(38,16)) AS STRING), '(?<=[.][0-9]{1,16})0+$', '')
            WHEN abs(CAST(substr(value, 2) AS DOUBLE)) BETWEEN 1e-6D AND 1e-3D
                THEN regexp_replace(
                    CAST(CAST(CAST(CAST(substr(value, 2) AS DOUBLE) AS STRING)
                        AS DECIMAL(38,28)) AS STRING), '(?<=[.][0-9]{1,28})0+$', '')
            ELSE replace(replace(
                CAST(CAST(substr(value, 2) AS DOUBLE) AS STRING), '.0E', 'E'), 'E', 'e')
        END)) AS found
    FROM (
        SELECT *,
            from_json(marked[0], 'success STRING, error_code STRING,
                data MAP<STRING, STRING>') AS said,
            from_json(marked[1], 'MAP<STRING, STRING>') AS asked
        FROM (
            SELECT *, transform(array(answer, request), one -> regexp_replace(one,
                r'([{,]"(?:amount|currency|expire_in|fund_transfer_id|out_trade_no|partner_transaction_id|pre_transfer_id|receiver_id|result_code|service)":)(-?[0-9]+[.eE][0-9.eE+-]*)',
                r'$1"\\u0001$2"')) AS marked
            FROM (
                SELECT source, `row` AS place, unix_micros(seen_at) AS seen_us,
                    date_from_unix_date(CAST((unix_micros(seen_at)
                        - pmod(unix_micros(seen_at), 86400000000)) DIV 86400000000
                        AS INT)) AS seen_day,
                    decode(canonical, 'UTF-8') AS answer,
                    decode(request_canonical, 'UTF-8') AS request
                FROM parts WHERE canonical IS NOT NULL
            ) AS texts
        ) AS prepared
    ) AS documents
) AS maps
