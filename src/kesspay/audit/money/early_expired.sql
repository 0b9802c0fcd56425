-- severity: high
-- needs: requests, times
-- by: pre_transfer
-- doubt: bool_or(said = 'confirm.fundTransfer' AND error_code = 'EXPIRED')
-- title: a confirm was answered EXPIRED before expire_in
SELECT made.reference,
    'EXPIRED within ' || CAST(made.expire_in AS STRING) || ' seconds' AS detail,
    gone.spot
FROM (
    SELECT pre_transfer_id AS reference, max(seen_us) AS seen_us,
        min(expire_in) AS expire_in
    FROM facts WHERE expire_in IS NOT NULL AND pre_transfer_id IS NOT NULL
    GROUP BY pre_transfer_id
) AS made JOIN (
    SELECT asked_pre_transfer_id AS reference, min(seen_us) AS seen_us,
        min(spot) AS spot
    FROM facts WHERE said = 'confirm.fundTransfer' AND error_code = 'EXPIRED'
    GROUP BY asked_pre_transfer_id
) AS gone ON gone.reference = made.reference
WHERE gone.seen_us - made.seen_us < made.expire_in * 1000000
