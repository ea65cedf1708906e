-- How many T4 hours did Colab Pro's 100 units buy, by the rates of their time?
SELECT observed_as_stated, gpu_as_stated, value_number AS units_per_hour, 100 / value_number AS hours
FROM current_observations
WHERE provider = 'google_colab' AND term = 'units_per_hour' AND gpu_model = 'T4'
ORDER BY observed_on, gpu_as_stated
