# find_package(hmm): hmm::hmm, the shared library, and hmm::hmm_static.
include("${CMAKE_CURRENT_LIST_DIR}/hmm-targets.cmake")
