-- What did a K80 or V100 cost in 2018?
SELECT observed_as_stated, provider, subject, qualifier, value_number AS usd_per_hour, origin
FROM current_observations
WHERE term = 'usd_per_hour' AND gpu_model IN ('K80', 'V100') AND observed_on < DATE '2019-01-01'
ORDER BY observed_on, provider, subject, qualifier
