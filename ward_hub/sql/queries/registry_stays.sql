-- Stays that hold a bed now or did so recently, newest first.
SELECT stay.id, stay.bed_id, patient.full_name, patient.birth_date, patient.sex,
       patient.record_number, stay.admitted_at, stay.discharged_at
FROM stay
JOIN patient ON patient.id = stay.patient_id
WHERE stay.discharged_at IS NULL OR stay.discharged_at > %(since)s
ORDER BY stay.admitted_at DESC, stay.id DESC;
