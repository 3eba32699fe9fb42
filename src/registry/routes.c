#include "registry/routes.h"

#include "base/mem.h"
#include "oci/manifest.h"
#include "registry/distribution/distribution.h"
#include "registry/watch/watch.h"

#define GET (1u << HTTP_GET)
#define POST (1u << HTTP_POST)
#define PUT (1u << HTTP_PUT)
#define PATCH (1u << HTTP_PATCH)
#define DELETE (1u << HTTP_DELETE)

const struct route registry_routes[] = {
	{GET, "/healthz", ROUTE_ON_LOOP, watch_healthz, NULL, 0, 0},
	{GET, "/readyz", ROUTE_ON_LOOP, watch_readyz, NULL, 0, 0},
	{GET, "/metrics", ROUTE_ON_LOOP, watch_metrics, NULL, 0, 0},
	{GET, "/v2/", ROUTE_ON_LOOP, distribution_ping, NULL, 0, 0},
	{GET, "/v2", ROUTE_ON_LOOP, distribution_ping, NULL, 0, 0},
	{GET, "/v2/_catalog", ROUTE_ON_WORKER, distribution_catalog, NULL, 0, 0},
	{GET, "/v2/{name}/tags/list", ROUTE_ON_WORKER, distribution_tags, NULL, 0, 0},
	{GET, "/v2/{name}/referrers/{digest}", ROUTE_ON_WORKER, distribution_referrers, NULL, 0, 0},
	{GET, "/v2/{name}/manifests/{reference}", ROUTE_ON_LOOP, distribution_manifest_get, NULL, 0, 0},
	{PUT, "/v2/{name}/manifests/{reference}", ROUTE_ON_WORKER, distribution_manifest_put, NULL, MANIFEST_SIZE_MAX, 0},
	{DELETE, "/v2/{name}/manifests/{reference}", ROUTE_ON_WORKER, distribution_manifest_delete, NULL, 0, 0},
	{GET, "/v2/{name}/blobs/{digest}", ROUTE_ON_LOOP, distribution_blob_get, NULL, 0, 0},
	{DELETE, "/v2/{name}/blobs/{digest}", ROUTE_ON_WORKER, distribution_blob_delete, NULL, 0, 0},
	{POST, "/v2/{name}/blobs/uploads/", ROUTE_ON_WORKER, NULL, &distribution_upload_start, 0, 0},
	{POST, "/v2/{name}/blobs/uploads", ROUTE_ON_WORKER, NULL, &distribution_upload_start, 0, 0},
	{PATCH, "/v2/{name}/blobs/uploads/{upload}", ROUTE_ON_WORKER, NULL, &distribution_upload_patch, 0, 0},
	{PUT, "/v2/{name}/blobs/uploads/{upload}", ROUTE_ON_WORKER, NULL, &distribution_upload_close, 0, 0},
	{GET, "/v2/{name}/blobs/uploads/{upload}", ROUTE_ON_WORKER, distribution_upload_status, NULL, 0, 0},
	{DELETE, "/v2/{name}/blobs/uploads/{upload}", ROUTE_ON_WORKER, distribution_upload_cancel, NULL, 0, 0},
};
const size_t registry_routes_count = ARRAY_SIZE(registry_routes);
