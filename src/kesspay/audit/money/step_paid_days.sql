-- needs: statement, statement_day, times
-- by: transfer
-- What succeeded on each day; each transfer counts once, on its first day.
SELECT day, sum(amount) AS total, min(spot) AS spot FROM (
    SELECT out_trade_no, min(seen_day) AS day, min(amount) AS amount,
        min(spot) AS spot
    FROM facts WHERE result_code = 'SUCCESS' AND out_trade_no IS NOT NULL
    GROUP BY out_trade_no
) AS once GROUP BY day
