-- severity: high
-- needs: requests
-- by: all
-- title: a confirm has no final word
SELECT unfinished.reference, 'neither SUCCESS nor a refusal' AS detail, unfinished.spot
FROM unfinished
WHERE NOT EXISTS (
    SELECT 1 FROM settled WHERE settled.reference = unfinished.reference)
