/* All of Hoot. */
#ifndef HOOT_HOOT_H
#define HOOT_HOOT_H

#include <hoot/app.h>
#include <hoot/arena.h>
#include <hoot/batch.h>
#include <hoot/binlog.h>
#include <hoot/blueprint.h>
#include <hoot/buf.h>
#include <hoot/chan.h>
#include <hoot/conn.h>
#include <hoot/cors.h>
#include <hoot/crypto.h>
#include <hoot/cursor.h>
#include <hoot/defs.h>
#include <hoot/env.h>
#include <hoot/error.h>
#include <hoot/group.h>
#include <hoot/json.h>
#include <hoot/lock.h>
#include <hoot/log.h>
#include <hoot/main.h>
#include <hoot/migrate.h>
#include <hoot/offload.h>
#include <hoot/password.h>
#include <hoot/pool.h>
#include <hoot/request.h>
#include <hoot/response.h>
#include <hoot/row.h>
#include <hoot/scope.h>
#include <hoot/session.h>
#include <hoot/str.h>
#include <hoot/task.h>
#include <hoot/template.h>
#include <hoot/value.h>
#include <hoot/version.h>

#endif
