-- severity: critical
-- needs: statement, statement_day, times
-- title: the total of a day differs from the statement
SELECT CAST(coalesce(here.day, there.day) AS STRING) AS reference,
    CAST(coalesce(there.total, 0) AS STRING) || ' there, '
        || CAST(coalesce(here.total, 0) AS STRING) || ' here' AS detail,
    coalesce(there.spot, here.spot) AS spot
FROM (
    SELECT day, sum(amount) AS total, min(spot) AS spot FROM (
        SELECT out_trade_no, min(seen_day) AS day, min(amount) AS amount,
            min(spot) AS spot
        FROM facts WHERE result_code = 'SUCCESS' AND out_trade_no IS NOT NULL
        GROUP BY out_trade_no
    ) AS once GROUP BY day
) AS here FULL JOIN (
    SELECT day, sum(amount) AS total, min(spot) AS spot FROM statement GROUP BY day
) AS there ON here.day = there.day
WHERE coalesce(here.total, 0) <> coalesce(there.total, 0)
