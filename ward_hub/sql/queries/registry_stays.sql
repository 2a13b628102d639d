-- Stays with each bed they held, now or recently, newest first.
SELECT stay.id, stay_bed.bed_id, patient.full_name, patient.birth_date, patient.sex,
       patient.record_number, stay.admitted_at, stay.discharged_at, stay_bed.from_at,
       stay_bed.to_at
FROM stay_bed
JOIN stay ON stay.id = stay_bed.stay_id
JOIN patient ON patient.id = stay.patient_id
WHERE stay_bed.to_at IS NULL OR stay_bed.to_at > %(since)s
ORDER BY stay_bed.from_at DESC, stay_bed.id DESC;
