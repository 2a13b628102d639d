-- Every alarm that was open when the hub stopped, with what its engine needs to go on.
SELECT bed_id, stay_id, engine FROM alarm WHERE state <> 'idle' AND NOT past ORDER BY began_at
