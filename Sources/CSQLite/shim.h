// SQLite, and its variadic calls as inline functions, so that Swift can call them. No logic lives
// here.
#ifndef CSQLITE_SHIM_H
#define CSQLITE_SHIM_H
#include <sqlite3.h>

// Codes that the header puts together.
static const int CSQLITE_UNREADABLE = SQLITE_IOERR_READ;
static const int CSQLITE_SHORT_READ = SQLITE_IOERR_SHORT_READ;
static const int CSQLITE_WRONG_CHECKSUM = SQLITE_IOERR_DATA;
static const int CSQLITE_WRONG_FILE_SYSTEM = SQLITE_IOERR_CORRUPTFS;

// Allocations are not counted: that would take a lock for each of them. Has no effect once SQLite
// is in use.
static inline void CSQLite_count_no_memory(void) { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

// Nothing happens by itself: no checkpoint at the end of a commit.
static inline void CSQLite_no_checkpoint_on_close(sqlite3 *database, int on) {
  sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, on, (int *)0);
}

// The kernel's number behind the last failure, zero when it is not known. SQLite notes it with the
// connection or only with the file that failed.
static inline int CSQLite_errno(sqlite3 *database) {
  int code = sqlite3_system_errno(database);
  if (code != 0) return code;
  sqlite3_file *log = (sqlite3_file *)0;
  sqlite3_file_control(database, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
  if (log != (sqlite3_file *)0 && log->pMethods != (const sqlite3_io_methods *)0)
    log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &code);
  if (code == 0) sqlite3_file_control(database, "main", SQLITE_FCNTL_LAST_ERRNO, &code);
  return code;
}

// A file that contradicts itself cannot be used to run code or to write outside of it.
static inline void CSQLite_defend(sqlite3 *database) {
  sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)0);
  sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)0);
}
#endif
