-- Where a connection's batches land by COPY before they are merged; empty again at each commit.
CREATE TEMP TABLE vital_in (LIKE vital) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE vital_doubtful_in (LIKE vital) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE wave_in (LIKE wave_block) ON COMMIT DELETE ROWS;
