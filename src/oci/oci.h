/*
 * What the OCI and docker specifications name: memory in, memory out. No sockets, no files, no database.
 */
#ifndef OCI_OCI_H
#define OCI_OCI_H

#include "oci/descriptor.h"
#include "oci/digest.h"
#include "oci/image_config.h"
#include "oci/json.h"
#include "oci/layer_entry.h"
#include "oci/manifest.h"
#include "oci/media_type.h"
#include "oci/platform.h"
#include "oci/reference.h"

#endif
