-- Every sample of a stay in a short window, in order.
SELECT time, hr, pr, spo2, rr, temp, nibp_sys, nibp_dia, nibp_map, ibp_sys, ibp_dia, ibp_map,
       etco2, fio2, pi, pvc, st_ii, temp2
FROM vital
WHERE stay_id = %(stay)s AND time >= %(from_at)s AND time < %(to_at)s
ORDER BY time, seq
