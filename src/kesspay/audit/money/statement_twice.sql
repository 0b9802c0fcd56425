-- severity: critical
-- needs: statement
-- by: transfer
-- doubt: count(statement) > 1
-- title: the statement lists a transfer twice: it may have been credited twice
SELECT out_trade_no AS reference,
    CAST(count(*) AS STRING) || ' times in the statement' AS detail,
    min(spot) AS spot
FROM statement GROUP BY out_trade_no HAVING count(*) > 1
