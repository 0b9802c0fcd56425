-- severity: critical
-- needs: statement
-- by: transfer
-- doubt: min(least(amount, asked_amount)) <> max(greatest(amount, asked_amount))
-- doubt: count(statement) > count(CASE WHEN statement = 1 THEN amount END)
-- title: the amount of the statement differs
SELECT statement.out_trade_no AS reference,
    coalesce(CAST(statement.amount AS STRING), 'no amount') || ' there, '
        || CAST(min(facts.amount) AS STRING) || ' here' AS detail,
    min(facts.spot) AS spot
FROM statement JOIN facts ON facts.out_trade_no = statement.out_trade_no
WHERE facts.result_code = 'SUCCESS' AND facts.amount IS NOT NULL
    AND (statement.amount IS NULL OR statement.amount <> facts.amount)
GROUP BY statement.out_trade_no, statement.amount
