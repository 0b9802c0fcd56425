-- severity: critical
-- needs: statement, statement_day, times
-- title: the total of a day differs from the statement
SELECT CAST(coalesce(here.day, there.day) AS VARCHAR) AS reference,
    CAST(coalesce(there.total, 0) AS VARCHAR) || ' there, '
        || CAST(coalesce(here.total, 0) AS VARCHAR) || ' here' AS detail,
    'statement' AS source, CAST(0 AS BIGINT) AS "row"
FROM (
    SELECT day, sum(amount) AS total FROM (
        SELECT out_trade_no, min(CAST(seen_at AS DATE)) AS day, min(amount) AS amount
        FROM facts WHERE result_code = 'SUCCESS' AND out_trade_no IS NOT NULL
        GROUP BY out_trade_no
    ) AS once GROUP BY day
) AS here FULL JOIN (
    SELECT day, sum(amount) AS total FROM statement GROUP BY day
) AS there ON here.day = there.day
WHERE coalesce(here.total, 0) <> coalesce(there.total, 0)
