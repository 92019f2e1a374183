-- The role that replicates, and that looks after replication: psql -v password=... -f role.sql
CREATE ROLE vip LOGIN REPLICATION PASSWORD :'password' IN ROLE pg_monitor, pg_checkpoint;

-- The standby tells the primary to wait for it.
GRANT ALTER SYSTEM ON PARAMETER synchronous_standby_names TO vip;
GRANT EXECUTE ON FUNCTION pg_reload_conf() TO vip;

-- pg_rewind reads the primary's files.
GRANT EXECUTE ON FUNCTION pg_ls_dir(text, boolean, boolean) TO vip;
GRANT EXECUTE ON FUNCTION pg_stat_file(text, boolean) TO vip;
GRANT EXECUTE ON FUNCTION pg_read_binary_file(text) TO vip;
GRANT EXECUTE ON FUNCTION pg_read_binary_file(text, bigint, bigint, boolean) TO vip;
