-- severity: high
-- needs: requests, times
-- by: pre_transfer
-- doubt: bool_or(said = 'confirm.fundTransfer' AND error_code = 'USED')
-- title: the first answer to a confirm was USED
SELECT used.reference, 'USED before any other answer' AS detail, used.spot
FROM (
    SELECT asked_pre_transfer_id AS reference, min(seen_us) AS seen_us,
        min(spot) AS spot
    FROM facts WHERE said = 'confirm.fundTransfer' AND error_code = 'USED'
    GROUP BY asked_pre_transfer_id
) AS used LEFT JOIN (
    SELECT asked_pre_transfer_id AS reference, min(seen_us) AS seen_us
    FROM facts WHERE said = 'confirm.fundTransfer'
        AND coalesce(error_code, '') <> 'USED'
    GROUP BY asked_pre_transfer_id
) AS other ON used.reference = other.reference
WHERE used.reference IS NOT NULL
    AND (other.seen_us IS NULL OR other.seen_us > used.seen_us)
