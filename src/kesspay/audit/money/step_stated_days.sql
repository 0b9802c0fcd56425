-- needs: statement, statement_day, times
-- by: transfer
-- What the statement says of each day.
SELECT day, sum(amount) AS total, min(spot) AS spot FROM statement GROUP BY day
